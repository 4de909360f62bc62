package main

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// block has the form in which `terraform providers schema -json` prints one, with one_of and default in addition.
type block struct {
	Attributes map[string]attribute   `json:"attributes"`
	BlockTypes map[string]nestedBlock `json:"block_types"`
}

type attribute struct {
	Type      valueType `json:"type"`
	Required  bool      `json:"required"`
	Optional  bool      `json:"optional"`
	Computed  bool      `json:"computed"`
	WriteOnly bool      `json:"write_only"`
	Sensitive bool      `json:"sensitive"`
	OneOf     []string  `json:"one_of"`
	Default   any       `json:"default"`
}

type nestedBlock struct {
	NestingMode string `json:"nesting_mode"`
	MinItems    int64  `json:"min_items"`
	MaxItems    int64  `json:"max_items"`
	Block       block  `json:"block"`
}

type valueType struct{ tftypes.Type }

// UnmarshalJSON reads "string", ["set", "string"] or ["list", ["object", {"name": "string"}]].
func (t *valueType) UnmarshalJSON(text []byte) error {
	var plain string
	if json.Unmarshal(text, &plain) == nil {
		types := map[string]tftypes.Type{"string": tftypes.String, "number": tftypes.Number, "bool": tftypes.Bool}
		t.Type = types[plain]
		if t.Type == nil {
			return fmt.Errorf("unknown type %q", plain)
		}
		return nil
	}
	var parts []json.RawMessage
	var kind string
	if err := json.Unmarshal(text, &parts); err != nil || len(parts) != 2 || json.Unmarshal(parts[0], &kind) != nil {
		return fmt.Errorf("unknown type %s", text)
	}
	if kind == "object" {
		var members map[string]valueType
		if err := json.Unmarshal(parts[1], &members); err != nil {
			return err
		}
		object := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
		for name, member := range members {
			object.AttributeTypes[name] = member.Type
		}
		t.Type = object
		return nil
	}
	var element valueType
	if err := json.Unmarshal(parts[1], &element); err != nil {
		return err
	}
	switch kind {
	case "list":
		t.Type = tftypes.List{ElementType: element.Type}
	case "set":
		t.Type = tftypes.Set{ElementType: element.Type}
	case "map":
		t.Type = tftypes.Map{ElementType: element.Type}
	default:
		return fmt.Errorf("unknown type %s", text)
	}
	return nil
}

// schemaOf returns the same schema in the form of the protocol.
func schemaOf(b block) *tfprotov5.Schema {
	return &tfprotov5.Schema{Block: protocolBlock(b)}
}

func schemasOf(blocks map[string]block) map[string]*tfprotov5.Schema {
	schemas := map[string]*tfprotov5.Schema{}
	for name, block := range blocks {
		schemas[name] = schemaOf(block)
	}
	return schemas
}

func protocolBlock(b block) *tfprotov5.SchemaBlock {
	result := &tfprotov5.SchemaBlock{}
	for _, name := range sortedNames(b.Attributes) {
		a := b.Attributes[name]
		result.Attributes = append(result.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: a.Type.Type, Required: a.Required, Optional: a.Optional, Computed: a.Computed,
			Sensitive: a.Sensitive, WriteOnly: a.WriteOnly})
	}
	modes := map[string]tfprotov5.SchemaNestedBlockNestingMode{
		"single": tfprotov5.SchemaNestedBlockNestingModeSingle,
		"list":   tfprotov5.SchemaNestedBlockNestingModeList,
		"set":    tfprotov5.SchemaNestedBlockNestingModeSet,
	}
	for _, name := range sortedNames(b.BlockTypes) {
		nested := b.BlockTypes[name]
		result.BlockTypes = append(result.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Block: protocolBlock(nested.Block), Nesting: modes[nested.NestingMode],
			MinItems: nested.MinItems, MaxItems: nested.MaxItems})
	}
	return result
}

func sortedNames[V any](from map[string]V) []string {
	names := make([]string, 0, len(from))
	for name := range from {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// findAttribute returns the block with the attribute or the block of a path such as
// google_sql_database_instance.settings.tier, and the last name of the path.
func findAttribute(blocks map[string]block, path string) (block, string, error) {
	names := strings.Split(path, ".")
	owner, exists := blocks[names[0]]
	last := len(names) - 1
	for _, name := range names[1:last] {
		var nested nestedBlock
		if nested, exists = owner.BlockTypes[name]; !exists {
			break
		}
		owner = nested.Block
	}
	if exists {
		_, isAttribute := owner.Attributes[names[last]]
		_, isBlock := owner.BlockTypes[names[last]]
		exists = isAttribute || isBlock
	}
	if !exists {
		return block{}, "", fmt.Errorf("the schema has no %s", path)
	}
	return owner, names[last], nil
}
