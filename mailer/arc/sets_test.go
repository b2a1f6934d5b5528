package arc

import "testing"

// TestReadResults: RFC 8617 4.1.1. Instance 0 stands for an error.
func TestReadResults(t *testing.T) {
	tests := []struct {
		field    string
		instance int
		value    string
	}{
		{"A: i=1; mx.example; spf=pass\r\n", 1, "mx.example; spf=pass"},
		{"A:i=50;mx.example;\r\n\tspf=pass \r\n", 50, "mx.example;\r\n\tspf=pass"},
		{"A:\r\n (a (b) \\) ;) i (=) = (2) 3 (x);mx.example\r\n", 3, "mx.example"},
		{"A: i=07; x\r\n", 7, "x"},
		{"A: i=1;\r\n", 1, ""},
		{"A: i=51; x\r\n", 0, ""},
		{"A: i=0; x\r\n", 0, ""},
		{"A: i=-1; x\r\n", 0, ""},
		{"A: i=; x\r\n", 0, ""},
		{"A: i=1 2; x\r\n", 0, ""},
		{"A: i=1\r\n", 0, ""},
		{"A: x; i=1\r\n", 0, ""},
		{"A: (i=1; x\r\n", 0, ""},
		{"A: i=1 (; x\\)\r\n", 0, ""},
		{"A: I=1; x\r\n", 0, ""},
		{"A: i i=1; x\r\n", 0, ""},
		{"A", 0, ""},
	}
	for _, tt := range tests {
		instance, value, err := readResults([]byte(tt.field))
		if (err != nil) != (tt.instance == 0) || err == nil && (instance != tt.instance || value != tt.value) {
			t.Errorf("%q is read as instance %d of %q (%v), want %d of %q", tt.field, instance, value, err, tt.instance, tt.value)
		}
	}
}
