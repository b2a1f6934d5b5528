package bolt

import (
	"encoding/json"
	"fmt"

	"casegate/cases"
)

// Blocks implements cases.Tx.
func (t *txn) Blocks(r cases.ResellerID) ([]cases.Block, error) {
	b := t.bucket(bucketBlocks).Get([]byte(r))
	if b == nil {
		return nil, nil
	}
	var list []cases.Block
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("block list of reseller %s: damaged record: %w", r, err)
	}
	return list, nil
}

// SetBlocks implements cases.Tx.
func (t *txn) SetBlocks(r cases.ResellerID, list []cases.Block) error {
	err := checkWord("reseller", string(r))
	var b []byte
	if err == nil {
		b, err = encode(list)
	}
	if err == nil {
		err = t.put(bucketBlocks, []byte(r), b)
	}
	if err != nil {
		return fmt.Errorf("block list of reseller %s: %w", r, err)
	}
	return nil
}
