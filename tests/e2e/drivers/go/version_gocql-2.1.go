package main

import (
	"fmt"

	"github.com/gocql/gocql"
	"github.com/gocql/gocql/lz4"
	"github.com/gocql/gocql/snappy"
)

func compress(config *gocql.ClusterConfig, name string) error {
	switch name {
	case "", "none":
	case "lz4":
		config.Compressor = &lz4.LZ4Compressor{}
	case "snappy":
		config.Compressor = &snappy.SnappyCompressor{}
	default:
		return fmt.Errorf("no compression %s here", name)
	}
	return nil
}

func openBundle(from command) (*gocql.ClusterConfig, error) {
	return nil, fmt.Errorf("this driver opens no bundle")
}
