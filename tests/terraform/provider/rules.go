package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// resourceRules has what the provider knows about a resource and its schema does not state.
type resourceRules struct {
	Source string `json:"source"` // a file in the repository of the provider
	Rules  []rule `json:"rules"`
}

// rule says where the provider states it, and is for the values at some paths, by its kind:
//
//	enum, range, pattern: each value has one of Values, is between Min and Max, or matches.
//	conflicts, exactly_one, at_least_one: which of the paths a configuration may have together.
//	requires: a configuration with the first path must have the others.
//	default: Value, if the configuration has none.
//	replaces: a change replaces the resource. shrinking_replaces: a smaller number does.
//	protects: the resource cannot be destroyed while the value is true.
type rule struct {
	Kind    string   `json:"kind"`
	Paths   []string `json:"paths"`
	Values  []string `json:"values"`
	Min     *float64 `json:"min"`
	Max     *float64 `json:"max"`
	Matches string   `json:"matches"`
	Value   any      `json:"value"`
	Source  string   `json:"source"` // if not the file of the resource
	At      string   `json:"at"`     // the commit and the line of the first path in that file
}

var anchor = regexp.MustCompile(`^[0-9a-f]{8}:[1-9][0-9]*$`)

var kinds = []string{"enum", "range", "pattern", "conflicts", "exactly_one", "at_least_one", "requires", "default",
	"replaces", "shrinking_replaces", "protects"}

func (r resourceRules) check(resources map[string]block, resource string) error {
	if r.Source == "" {
		return fmt.Errorf("%s has no source", resource)
	}
	for _, rule := range r.Rules {
		if !slices.Contains(kinds, rule.Kind) || len(rule.Paths) == 0 {
			return fmt.Errorf("%s: a rule needs paths and a kind of %s: %+v", resource, strings.Join(kinds, ", "), rule)
		}
		if !anchor.MatchString(rule.At) {
			return fmt.Errorf("%s: %s of %s needs a commit and a line, not %q", resource, rule.Kind, rule.Paths[0], rule.At)
		}
		for _, path := range rule.Paths {
			if _, _, err := findAttribute(resources, resource+"."+path); err != nil {
				return err
			}
		}
		if _, err := regexp.Compile(rule.Matches); err != nil {
			return fmt.Errorf("%s: %w", resource, err)
		}
	}
	return nil
}

// validate returns an error for each value of a configuration that the provider would refuse.
func validate(b block, rules []rule, config tftypes.Value) []*tfprotov5.Diagnostic {
	root := located{path: tftypes.NewAttributePath(), value: config}
	found := validateAttributes(b, root)
	for _, rule := range rules {
		switch rule.Kind {
		case "enum", "range", "pattern":
			for _, path := range rule.Paths {
				for _, at := range find(root, strings.Split(path, ".")) {
					found = append(found, eachElement(at, rule.complaint)...)
				}
			}
		case "conflicts", "exactly_one", "at_least_one", "requires":
			if complaint := rule.complaintTogether(root); complaint != "" {
				found = append(found, failure(nil, complaint))
			}
		}
	}
	return found
}

// validateAttributes refuses values for what only the cloud computes, and values that the documentation does not allow.
func validateAttributes(b block, at located) []*tfprotov5.Diagnostic {
	var found []*tfprotov5.Diagnostic
	for _, name := range sortedNames(b.Attributes) {
		a := b.Attributes[name]
		for _, value := range find(at, []string{name}) {
			if a.Computed && !a.Optional && isSet(value.value) {
				found = append(found, failure(value.path, name+" cannot be set: the cloud computes it"))
			}
			if a.OneOf != nil {
				found = append(found, eachElement(value, rule{Kind: "enum", Values: a.OneOf}.complaint)...)
			}
		}
	}
	for _, name := range sortedNames(b.BlockTypes) {
		for _, nested := range find(at, []string{name}) {
			found = append(found, validateAttributes(b.BlockTypes[name].Block, nested)...)
		}
	}
	return found
}

func eachElement(at located, complaint func(tftypes.Value) string) []*tfprotov5.Diagnostic {
	if at.value.IsNull() || !at.value.IsKnown() {
		return nil
	}
	values := []tftypes.Value{at.value}
	switch at.value.Type().(type) {
	case tftypes.List, tftypes.Set:
		values = elementsOf(at.value)
	}
	var found []*tfprotov5.Diagnostic
	for _, value := range values {
		if value.IsNull() || !value.IsKnown() {
			continue
		}
		if text := complaint(value); text != "" {
			found = append(found, failure(at.path, text))
		}
	}
	return found
}

func (r rule) complaint(value tftypes.Value) string {
	switch r.Kind {
	case "enum":
		if text := textOf(value); text != "" && !slices.Contains(r.Values, text) {
			return fmt.Sprintf("expected one of %s, not %q", strings.Join(r.Values, ", "), text)
		}
	case "range":
		n, _ := numberOf(&value).Float64()
		if r.Min != nil && n < *r.Min || r.Max != nil && n > *r.Max {
			return fmt.Sprintf("expected a number in the range (%s - %s), not %v", bound(r.Min), bound(r.Max), n)
		}
	case "pattern":
		if text := textOf(value); !regexp.MustCompile(r.Matches).MatchString(text) {
			return fmt.Sprintf("%q does not match %s", text, r.Matches)
		}
	}
	return ""
}

func bound(number *float64) string {
	if number == nil {
		return "no limit"
	}
	return fmt.Sprint(*number)
}

func (r rule) complaintTogether(root located) string {
	var set, missing []string
	certain, exists := true, false
	for _, path := range r.Paths {
		values := find(root, strings.Split(path, "."))
		exists = exists || len(values) > 0
		if slices.ContainsFunc(values, func(at located) bool { return isSet(at.value) }) {
			set = append(set, path)
		} else {
			missing = append(missing, path)
		}
		certain = certain && !slices.ContainsFunc(values, func(at located) bool { return !at.value.IsKnown() })
	}
	if !exists { // the block that has them
		return ""
	}
	all := strings.Join(r.Paths, ", ")
	switch {
	case r.Kind == "conflicts" && len(set) > 1 && certain:
		return fmt.Sprintf("%s conflict with each other", strings.Join(set, ", "))
	case r.Kind == "exactly_one" && len(set) != 1 && certain:
		return fmt.Sprintf("exactly one of %s must be set, not %d", all, len(set))
	case r.Kind == "at_least_one" && len(set) == 0:
		return fmt.Sprintf("at least one of %s must be set", all)
	case r.Kind == "requires" && slices.Contains(set, r.Paths[0]) && len(missing) > 0:
		return fmt.Sprintf("%s requires %s", r.Paths[0], strings.Join(missing, ", "))
	}
	return ""
}

func failure(path *tftypes.AttributePath, text string) *tfprotov5.Diagnostic {
	return &tfprotov5.Diagnostic{Severity: tfprotov5.DiagnosticSeverityError, Summary: text, Attribute: path}
}
