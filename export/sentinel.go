package export

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"enrich/config"
	"enrich/pipeline"
)

// sentinels stand for what is not known before somebody deploys. The definition is
// made with them as if they were real, and wherever one of them turns up in a
// setting, the setting depends on what it stands for. None occurs in what the user
// has written.
type sentinels struct {
	partition, account, region string
	shards, memory, timeout    int
}

// sentinelsFor looks for words and numbers that the configurations do not have.
func sentinelsFor(configs []config.Config) (sentinels, error) {
	data, err := json.Marshal(configs)
	if err != nil {
		return sentinels{}, fmt.Errorf("reading the settings: %w", err)
	}
	written := string(data)
	word := func(form string) string {
		for i := 0; ; i++ {
			if s := fmt.Sprintf(form, i); !strings.Contains(written, s) {
				return s
			}
		}
	}
	number := func(from int) int {
		for n := from; ; n++ {
			if !strings.Contains(written, strconv.Itoa(n)) {
				return n
			}
		}
	}
	return sentinels{
		// Accounts have 12 digits and the shortest regions 9 characters: what AWS
		// allows of a name's length is measured by them.
		partition: word("zp%02d"), account: word("zaccount%04d"), region: word("zregion%02d"),
		shards: number(7000), memory: number(8000), timeout: number(9000),
	}, nil
}

func (s sentinels) identity(c config.Config) pipeline.Identity {
	return pipeline.Identity{Name: c.Name, Environment: c.Environment, Partition: s.partition, Account: s.account, Region: s.region}
}

// settings puts the numbers into a configuration.
func (s sentinels) settings(c config.Config) config.Config {
	c.Stream.Shards, c.Function.Memory, c.Function.Timeout = s.shards, s.memory, s.timeout
	return c
}

// number is a number as it stands, or the variable that it stands for.
func (s sentinels) number(n int) value {
	switch n {
	case s.shards:
		return Shards
	case s.memory:
		return Memory
	case s.timeout:
		return Timeout
	}
	return n
}
