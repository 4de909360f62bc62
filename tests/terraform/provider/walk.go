package main

import (
	"math/big"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// change returns the new value of one attribute. The path has the names of the blocks and of the attribute.
type change func(path string, a attribute, value tftypes.Value) tftypes.Value

// changeAttributes returns a value of the block in which each attribute is changed, also those of nested blocks.
func changeAttributes(b block, value tftypes.Value, prefix string, changed change) tftypes.Value {
	if value.IsNull() || !value.IsKnown() {
		return value
	}
	members := membersOf(value)
	result := make(map[string]tftypes.Value, len(members))
	for name, member := range members {
		if a, isAttribute := b.Attributes[name]; isAttribute {
			result[name] = changed(prefix+name, a, member)
			continue
		}
		nested := b.BlockTypes[name]
		if nested.NestingMode == "single" {
			result[name] = changeAttributes(nested.Block, member, prefix+name+".", changed)
			continue
		}
		result[name] = changeElements(member, func(element tftypes.Value) tftypes.Value {
			return changeAttributes(nested.Block, element, prefix+name+".", changed)
		})
	}
	return tftypes.NewValue(value.Type(), result)
}

func changeElements(value tftypes.Value, changed func(tftypes.Value) tftypes.Value) tftypes.Value {
	if value.IsNull() || !value.IsKnown() {
		return value
	}
	elements := elementsOf(value)
	result := make([]tftypes.Value, len(elements))
	for i, element := range elements {
		result[i] = changed(element)
	}
	return tftypes.NewValue(value.Type(), result)
}

// located is a value and where it is: below a set, the path is that of the set, as the protocol has no other.
type located struct {
	path  *tftypes.AttributePath
	value tftypes.Value
	inSet bool
}

func (l located) member(name string, value tftypes.Value) located {
	if l.inSet {
		return located{l.path, value, true}
	}
	return located{l.path.WithAttributeName(name), value, false}
}

func (l located) element(index int, value tftypes.Value) located {
	if _, isSet := l.value.Type().(tftypes.Set); isSet || l.inSet {
		return located{l.path, value, true}
	}
	return located{l.path.WithElementKeyInt(index), value, false}
}

// find returns the values at a path of names in an object: one for each element of the lists and sets on the way.
func find(from located, names []string) []located {
	if from.value.IsNull() || !from.value.IsKnown() {
		return nil
	}
	var found []located
	switch from.value.Type().(type) {
	case tftypes.List, tftypes.Set:
		for i, element := range elementsOf(from.value) {
			found = append(found, find(from.element(i, element), names)...)
		}
	case tftypes.Object:
		member := from.member(names[0], membersOf(from.value)[names[0]])
		if len(names) == 1 {
			return []located{member}
		}
		return find(member, names[1:])
	}
	return found
}

// isSet tells whether a configuration has the attribute or the block. A value that is not known yet is set.
func isSet(value tftypes.Value) bool {
	if value.IsNull() || !value.IsKnown() {
		return !value.IsNull()
	}
	switch value.Type().(type) {
	case tftypes.List, tftypes.Set:
		return len(elementsOf(value)) > 0
	}
	return true
}

// The accessors below are for values whose type is known by the schema: As does not fail for them.

func membersOf(value tftypes.Value) map[string]tftypes.Value {
	var members map[string]tftypes.Value
	must(value.As(&members))
	return members
}

func elementsOf(value tftypes.Value) []tftypes.Value {
	var elements []tftypes.Value
	must(value.As(&elements))
	return elements
}

// textOf returns "" for a value that is no string, that is null or that is not known.
func textOf(value tftypes.Value) string {
	var text string
	if value.Type() != nil && value.Type().Is(tftypes.String) && value.IsKnown() && !value.IsNull() {
		must(value.As(&text))
	}
	return text
}

// numberOf returns nil for a value that is no number, that is null or that is not known.
func numberOf(value *tftypes.Value) *big.Float {
	var number *big.Float
	if value != nil && value.Type().Is(tftypes.Number) && value.IsKnown() && !value.IsNull() {
		must(value.As(&number))
	}
	return number
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func unknown(t tftypes.Type) tftypes.Value { return tftypes.NewValue(t, tftypes.UnknownValue) }

func null(t tftypes.Type) tftypes.Value { return tftypes.NewValue(t, nil) }
