package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

//go:embed schema/*.json additions.json rules.json values.json fixtures.json
var files embed.FS

// catalog is all that this provider knows about the provider that it stands in for.
type catalog struct {
	provider    block
	resources   map[string]block
	dataSources map[string]block
	ephemeral   map[string]block
	rules       map[string]resourceRules
	values      computedValues
	fixtures    map[string][]fixture
}

// schemaFile is a file of scripts/terraform-schema, or additions.json with what that script cannot know.
type schemaFile struct {
	Source      any              `json:"source"`
	Provider    map[string]block `json:"provider"`
	Resources   map[string]block `json:"resources"`
	DataSources map[string]block `json:"data_sources"`
	Ephemeral   map[string]block `json:"ephemeral_resources"`
	Sensitive   []string         `json:"sensitive"`
}

// fixture is the result of a data source for arguments with the values of Match.
type fixture struct {
	Match  map[string]string `json:"match"`
	Values map[string]any    `json:"values"`
}

func readCatalog() (*catalog, error) {
	read := &catalog{resources: map[string]block{}, dataSources: map[string]block{}, ephemeral: map[string]block{}}
	names, err := fs.Glob(files, "schema/*.json")
	if err != nil {
		return nil, err
	}
	var sensitive []string
	for _, name := range append(names, "additions.json") {
		var file schemaFile
		if err := readJSON(name, &file); err != nil {
			return nil, err
		}
		for _, block := range file.Provider {
			read.provider = block
		}
		for _, part := range []struct{ from, to map[string]block }{
			{file.Resources, read.resources}, {file.DataSources, read.dataSources}, {file.Ephemeral, read.ephemeral}} {
			for name, block := range part.from {
				part.to[name] = block
			}
		}
		sensitive = append(sensitive, file.Sensitive...)
	}
	for _, path := range sensitive {
		if err := markSensitive(read.resources, path); err != nil {
			return nil, err
		}
	}
	for name, to := range map[string]any{
		"rules.json": &read.rules, "values.json": &read.values, "fixtures.json": &read.fixtures} {
		if err := readJSON(name, to); err != nil {
			return nil, err
		}
	}
	return read, read.check()
}

func readJSON(name string, to any) error {
	text, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func markSensitive(resources map[string]block, path string) error {
	owner, name, err := findAttribute(resources, path)
	if err != nil {
		return fmt.Errorf("additions.json, sensitive: %w", err)
	}
	attribute := owner.Attributes[name]
	attribute.Sensitive = true
	owner.Attributes[name] = attribute
	return nil
}

// check finds a rule, a value or a fixture for something that the schema does not have: it would never apply.
func (c *catalog) check() error {
	for resource, rules := range c.rules {
		if err := rules.check(c.resources, resource); err != nil {
			return fmt.Errorf("rules.json: %w", err)
		}
	}
	for resource, values := range c.values.Resources {
		for name := range values {
			if _, _, err := findAttribute(c.resources, resource+"."+name); err != nil {
				return fmt.Errorf("values.json: %w", err)
			}
		}
	}
	for source, fixtures := range c.fixtures {
		for _, fixture := range fixtures {
			for name := range fixture.Values {
				if _, _, err := findAttribute(c.dataSources, source+"."+name); err != nil {
					return fmt.Errorf("fixtures.json: %w", err)
				}
			}
		}
	}
	return nil
}
