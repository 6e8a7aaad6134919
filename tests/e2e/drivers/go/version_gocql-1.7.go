package main

import (
	"fmt"

	"github.com/gocql/gocql"
)

func compress(config *gocql.ClusterConfig, name string) error {
	switch name {
	case "", "none":
	case "snappy":
		config.Compressor = gocql.SnappyCompressor{}
	default:
		return fmt.Errorf("no compression %s here", name)
	}
	return nil
}

func openBundle(from command) (*gocql.ClusterConfig, error) {
	return nil, fmt.Errorf("this driver opens no bundle")
}
