package main

import (
	"reflect"
	"slices"
)

// needRestart names the keys whose values differ in a configuration that was read
// again and that are taken over only at a start: all but the directory and the
// log level. What the command line has set is not for the file to change.
func (c *config) needRestart(next config) []string {
	changed := changedKeys(reflect.ValueOf(*c), reflect.ValueOf(next), "")
	return slices.DeleteFunc(changed, func(key string) bool {
		return key == "directory.file" || key == "log.level" || slices.Contains(c.flags, key)
	})
}

func changedKeys(now, next reflect.Value, prefix string) (keys []string) {
	for i := range now.NumField() {
		name := now.Type().Field(i).Tag.Get("toml")
		switch {
		case name == "": // not of the file
		case now.Field(i).Kind() == reflect.Struct:
			keys = append(keys, changedKeys(now.Field(i), next.Field(i), prefix+name+".")...)
		case !reflect.DeepEqual(now.Field(i).Interface(), next.Field(i).Interface()):
			keys = append(keys, prefix+name)
		}
	}
	return keys
}
