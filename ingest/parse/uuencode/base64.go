package uuencode

import (
	"bytes"

	"casegate/ingest/parse/transfer"
)

// base64Lines decodes what stands between "begin-base64" and "====".
func base64Lines(text []byte, at int) (data []byte, end int) {
	start := at
	for at < len(text) {
		line, next := lineAt(text, at)
		line = bytes.TrimRight(line, " \t")
		if string(line) == "====" {
			return transfer.Decode("base64", text[start:at]), next
		}
		for _, c := range line {
			if !transfer.Base64[c] && c != '=' {
				return nil, 0
			}
		}
		at = next
	}
	return nil, 0
}
