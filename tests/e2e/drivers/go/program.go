// Driver program of the Go driver (gocql). Commands: ../README.md. Built with gocql 1.7 as it stands, with 2.1 under its other import path, and with
// gocql-astra on top; what differs is in version_*.go.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/gocql/gocql"
)

type statement struct {
	Text        string
	Prepared    int
	Values      []json.RawMessage // of `many`: one list for each execution
	Consistency string
}

type command struct {
	statement
	ID, Session, Port, Version, Size                           int
	Do, Host, Keyspace, Table, Compression, Username, Password string
	Bundle, TLS                                                string
	ClientTimestamps                                           *bool `json:"client_timestamps"`
	InFlight                                                   int   `json:"in_flight"`
	Statements                                                 []statement
	State                                                      []byte
}

type answer map[string]interface{}

// A session of this driver keeps the keyspace that it was made with: set_keyspace makes another.
type opened struct {
	config  *gocql.ClusterConfig
	session *gocql.Session
	watch   *watch
}

// What the driver tells about its connections: the version of its frames and the nodes that it takes in.
type watch struct {
	sync.Mutex
	version int
	nodes   map[string]bool
}

func (w *watch) ObserveFrameHeader(_ context.Context, header gocql.ObservedFrameHeader) {
	w.Lock()
	w.version = int(header.Version) & 0x7f
	w.Unlock()
}

func (w *watch) Accept(host *gocql.HostInfo) bool {
	w.Lock()
	w.nodes[host.ConnectAddress().String()] = true
	w.Unlock()
	return true
}

var lock sync.Mutex
var sessions = map[int]opened{}
var prepared = map[int]string{} // this driver prepares a text when it first executes it

func find(number int) opened {
	lock.Lock()
	defer lock.Unlock()
	return sessions[number]
}

// How to reach the cluster, and as whom.
func settings(from command) (*gocql.ClusterConfig, error) {
	if from.Bundle != "" {
		return openBundle(from)
	}
	config := gocql.NewCluster(from.Host)
	config.Port = from.Port
	if from.TLS != "" {
		config.SslOpts = &gocql.SslOptions{CaPath: from.TLS + "/ca.crt", CertPath: from.TLS + "/cert", KeyPath: from.TLS + "/key", EnableHostVerification: true}
	}
	if from.Username != "" {
		config.Authenticator = gocql.PasswordAuthenticator{Username: from.Username, Password: from.Password}
	}
	return config, nil
}

func connect(from command) (answer, error) {
	watch := &watch{nodes: map[string]bool{}}
	config, err := settings(from)
	if err != nil {
		return nil, err
	}
	config.Keyspace = from.Keyspace
	config.Timeout, config.ConnectTimeout = 20*time.Second, 20*time.Second // a busy machine is no failure
	config.NumConns = 1
	config.FrameHeaderObserver, config.HostFilter = watch, watch
	config.ReconnectInterval = time.Second
	if from.Version != 0 {
		config.ProtoVersion = from.Version
	}
	if err := compress(config, from.Compression); err != nil {
		return nil, err
	}
	if from.ClientTimestamps != nil {
		config.DefaultTimestamp = *from.ClientTimestamps
	}
	session, err := config.CreateSession()
	if err != nil {
		return nil, err
	}
	lock.Lock()
	sessions[from.Session] = opened{config, session, watch}
	lock.Unlock()
	watch.Lock()
	defer watch.Unlock()
	nodes := []string{}
	for node := range watch.nodes {
		nodes = append(nodes, node)
	}
	return answer{"protocol": watch.version, "nodes": nodes}, nil
}

func text(from statement) string {
	lock.Lock()
	defer lock.Unlock()
	if from.Prepared != 0 {
		return prepared[from.Prepared]
	}
	return from.Text
}

// JSON numbers are int here: gocql would refuse a float64 for a CQL int.
func values(from []json.RawMessage) []interface{} {
	to := make([]interface{}, len(from))
	for i, raw := range from {
		var number int
		var word *string
		if json.Unmarshal(raw, &number) == nil && string(raw) != "null" {
			to[i] = number
		} else if json.Unmarshal(raw, &word) == nil && word != nil {
			to[i] = *word
		}
	}
	return to
}

// A pointer to a pointer for each column: nil where the cell is null.
func row(columns int, data gocql.RowData, iter *gocql.Iter) ([]interface{}, bool) {
	cells := make([]interface{}, columns)
	for i, value := range data.Values {
		cells[i] = reflect.New(reflect.TypeOf(value)).Interface()
	}
	return cells, iter.Scan(cells...)
}

// The rows of this page only: the driver is told not to go on by itself.
func read(query *gocql.Query) (answer, error) {
	iter := query.Iter()
	data, err := iter.RowData()
	if err != nil {
		iter.Close()
		return nil, err
	}
	rows := [][]interface{}{}
	for left := iter.NumRows(); left > 0; left-- {
		if cells, more := row(len(data.Columns), data, iter); more {
			rows = append(rows, cells)
		}
	}
	state := iter.PageState()
	if err := iter.Close(); err != nil {
		return nil, err
	}
	said := answer{"columns": data.Columns, "rows": rows, "state": nil}
	if len(state) > 0 {
		said["state"] = state
	}
	return said, nil
}

func batch(session *gocql.Session, statements []statement) error {
	batch := session.NewBatch(gocql.LoggedBatch)
	for _, one := range statements {
		batch.Query(text(one), values(one.Values)...)
	}
	return session.ExecuteBatch(batch)
}

func many(session *gocql.Session, from command) (answer, error) {
	first := make([]interface{}, len(from.Values))
	problems := make([]error, len(from.Values))
	room := make(chan bool, from.InFlight)
	var group sync.WaitGroup
	for i := range from.Values {
		var list []json.RawMessage
		if err := json.Unmarshal(from.Values[i], &list); err != nil {
			return nil, err
		}
		room <- true
		group.Add(1)
		go func(i int) {
			defer group.Done()
			said, err := read(session.Query(text(from.statement), values(list)...))
			<-room
			if problems[i] = err; err == nil && len(said["rows"].([][]interface{})) > 0 {
				first[i] = said["rows"].([][]interface{})[0]
			}
		}(i)
	}
	group.Wait()
	for _, err := range problems {
		if err != nil {
			return nil, err
		}
	}
	return answer{"first": first}, nil
}

func carryOut(from command) (answer, error) {
	session := find(from.Session).session
	switch from.Do {
	case "connect":
		return connect(from)
	case "prepare":
		lock.Lock()
		defer lock.Unlock()
		prepared[from.ID] = from.Text
		return answer{"prepared": from.ID}, nil
	case "execute":
		query := session.Query(text(from.statement), values(from.Values)...)
		if from.Consistency == "ONE" {
			query.Consistency(gocql.One)
		}
		if strings.Contains(text(from.statement), " IF ") { // this driver has a call of its own for these
			applied, err := query.MapScanCAS(map[string]interface{}{})
			return answer{"columns": []string{}, "rows": [][]interface{}{}, "applied": applied}, err
		}
		return read(query)
	case "batch":
		return answer{}, batch(session, from.Statements)
	case "many":
		return many(session, from)
	case "page":
		return read(session.Query(text(from.statement), values(from.Values)...).PageSize(from.Size).PageState(from.State))
	case "set_keyspace": // this driver has no USE
		old := find(from.Session)
		config := *old.config
		config.Keyspace = from.Keyspace
		made, err := config.CreateSession()
		if err != nil {
			return nil, err
		}
		lock.Lock()
		sessions[from.Session] = opened{&config, made, old.watch}
		lock.Unlock()
		session.Close()
		return answer{}, nil
	case "columns":
		found, err := session.KeyspaceMetadata(from.Keyspace)
		if err != nil {
			return nil, err
		}
		columns := []string{}
		if table := found.Tables[from.Table]; table != nil {
			for name := range table.Columns {
				columns = append(columns, name)
			}
		}
		return answer{"columns": columns}, nil
	case "close":
		session.Close()
		return answer{}, nil
	}
	return nil, fmt.Errorf("no such command: %s", from.Do)
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	var out sync.Mutex
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var from command
		if err := json.Unmarshal(line, &from); err != nil {
			panic(err)
		}
		go func() {
			said, err := carryOut(from)
			if err != nil {
				kind := fmt.Sprintf("%T", err)
				kind = kind[strings.LastIndex(kind, ".")+1:]
				// Many codes share this type.
				if frame, is := err.(gocql.RequestError); is && kind == "errorFrame" {
					kind = fmt.Sprintf("errorFrame 0x%04x", frame.Code())
				}
				said = answer{"error": answer{"class": kind, "message": err.Error()}}
			}
			said["id"] = from.ID
			line, err := json.Marshal(said)
			if err != nil {
				panic(err)
			}
			out.Lock()
			defer out.Unlock()
			fmt.Println(string(line))
		}()
	}
}
