// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints the updates that vishvananda/netlink gives, one a line: of links, of those that are there
// at first too ("list"), or of addresses ("addresses").
package main

import (
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
)

const newAddress, deletedAddress = 20, 21

func warn(err error) {
	fmt.Println("error", err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("subscribed")
}

func followAddresses() {
	updates := make(chan netlink.AddrUpdate)
	options := netlink.AddrSubscribeOptions{ErrorCallback: warn}
	check(netlink.AddrSubscribeWithOptions(updates, make(chan struct{}), options))
	for update := range updates {
		kind := deletedAddress
		if update.NewAddr {
			kind = newAddress
		}
		ones, _ := update.LinkAddress.Mask.Size()
		fmt.Println(kind, update.LinkAddress.IP, ones)
	}
}

func followLinks(list bool) {
	updates := make(chan netlink.LinkUpdate)
	options := netlink.LinkSubscribeOptions{ListExisting: list, ErrorCallback: warn}
	check(netlink.LinkSubscribeWithOptions(updates, make(chan struct{}), options))
	for update := range updates {
		attributes := update.Link.Attrs()
		fmt.Println(update.Header.Type, attributes.Name, attributes.MTU)
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "addresses" {
		followAddresses()
	} else {
		followLinks(len(os.Args) > 1)
	}
}
