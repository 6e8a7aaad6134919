package main

import (
	"fmt"
	"time"

	gocqlastra "github.com/datastax/gocql-astra"
	"github.com/gocql/gocql"
)

func compress(_ *gocql.ClusterConfig, name string) error {
	if name != "" && name != "none" {
		return fmt.Errorf("no compression %s here", name)
	}
	return nil
}

func openBundle(from command) (*gocql.ClusterConfig, error) {
	return gocqlastra.NewClusterFromBundle(from.Bundle, from.Username, from.Password, 20*time.Second)
}
