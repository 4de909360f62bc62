package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// computedValues says how the texts look that the cloud computes. A text may name an attribute of the resource in
// braces, and {resource_type}, {hash} (8 digits that depend on all that is planned for the resource) and {octet} (a
// number for an address).
type computedValues struct {
	Names     map[string]string            `json:"names"`     // of any resource
	Resources map[string]map[string]string `json:"resources"` // of one type
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// fill returns the value with each unknown attribute known. The same planned value gives the same result.
func (v computedValues) fill(resource string, b block, planned tftypes.Value) tftypes.Value {
	filler := filler{v, resource, sha256.Sum256([]byte(resource + planned.String())), membersOf(planned)}
	// Other texts are made of these, and they of those before them.
	for _, name := range []string{"project", "region", "zone", "name", "id"} {
		if member, exists := filler.members[name]; exists && !member.IsKnown() {
			filler.members[name] = filler.value(name, member.Type(), true)
		}
	}
	return changeAttributes(b, tftypes.NewValue(planned.Type(), filler.members), "",
		func(path string, a attribute, value tftypes.Value) tftypes.Value {
			if value.IsKnown() {
				return filler.knownWithin(path, value)
			}
			return filler.value(path, a.Type.Type, !a.Optional)
		})
}

type filler struct {
	values   computedValues
	resource string
	hash     [sha256.Size]byte
	members  map[string]tftypes.Value // of the resource
}

// knownWithin is for lists and maps that are known, with elements that are not.
func (f filler) knownWithin(path string, value tftypes.Value) tftypes.Value {
	if value.IsFullyKnown() {
		return value
	}
	filled, err := tftypes.Transform(value, func(_ *tftypes.AttributePath, part tftypes.Value) (tftypes.Value, error) {
		if part.IsKnown() {
			return part, nil
		}
		return f.value(path, part.Type(), true), nil
	})
	must(err)
	return filled
}

// value makes a value of the type. A collection has one element, or none if a configuration may set it.
func (f filler) value(path string, of tftypes.Type, elements bool) tftypes.Value {
	one := func(element tftypes.Type) []tftypes.Value {
		if !elements {
			return []tftypes.Value{}
		}
		return []tftypes.Value{f.value(path, element, true)}
	}
	switch of := of.(type) {
	case tftypes.List:
		return tftypes.NewValue(of, one(of.ElementType))
	case tftypes.Set:
		return tftypes.NewValue(of, one(of.ElementType))
	case tftypes.Map:
		return tftypes.NewValue(of, map[string]tftypes.Value{})
	case tftypes.Object:
		members := map[string]tftypes.Value{}
		for name, member := range of.AttributeTypes {
			members[name] = f.value(path+"."+name, member, true)
		}
		return tftypes.NewValue(of, members)
	}
	switch {
	case of.Is(tftypes.Bool):
		return tftypes.NewValue(of, false)
	case of.Is(tftypes.Number):
		return tftypes.NewValue(of, big.NewFloat(float64(f.number(path)%1000+1)))
	}
	return tftypes.NewValue(of, f.text(path))
}

func (f filler) number(path string) uint32 {
	sum := sha256.Sum256(append(f.hash[:], path...))
	return binary.BigEndian.Uint32(sum[:])
}

func (f filler) text(path string) string {
	name := path[strings.LastIndex(path, ".")+1:]
	form, exists := f.values.Resources[f.resource][path]
	if !exists {
		form, exists = f.values.Names[name]
	}
	if !exists {
		form = name + "-{hash}"
	}
	return placeholder.ReplaceAllStringFunc(form, func(found string) string {
		switch key := strings.Trim(found, "{}"); key {
		case "hash":
			return hex.EncodeToString(f.hash[:4])
		case "resource_type":
			return f.resource
		case "octet":
			return fmt.Sprint(f.number(path)%250 + 2)
		default:
			return textOf(f.members[key])
		}
	})
}

// valueOf makes a value of the type from what JSON has.
func valueOf(of tftypes.Type, from any) tftypes.Value {
	switch of := of.(type) {
	case tftypes.List:
		return tftypes.NewValue(of, valuesOf(of.ElementType, from))
	case tftypes.Set:
		return tftypes.NewValue(of, valuesOf(of.ElementType, from))
	case tftypes.Map:
		values := map[string]tftypes.Value{}
		for name, value := range from.(map[string]any) {
			values[name] = valueOf(of.ElementType, value)
		}
		return tftypes.NewValue(of, values)
	}
	if number, isNumber := from.(float64); isNumber {
		return tftypes.NewValue(of, big.NewFloat(number))
	}
	return tftypes.NewValue(of, from)
}

func valuesOf(of tftypes.Type, from any) []tftypes.Value {
	values := []tftypes.Value{}
	for _, value := range from.([]any) {
		values = append(values, valueOf(of, value))
	}
	return values
}
