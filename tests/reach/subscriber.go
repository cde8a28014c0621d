// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints the link updates that vishvananda/netlink gives: one a line.
package main

import (
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
)

func main() {
	updates := make(chan netlink.LinkUpdate)
	options := netlink.LinkSubscribeOptions{
		ListExisting:  len(os.Args) > 1,
		ErrorCallback: func(err error) { fmt.Println("error", err) },
	}
	if err := netlink.LinkSubscribeWithOptions(updates, make(chan struct{}), options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("subscribed")
	for update := range updates {
		attributes := update.Link.Attrs()
		fmt.Println(update.Header.Type, attributes.Name, attributes.MTU)
	}
}
