package page

// table tells tables of data from those that only arrange a page, row by row
// and while the text is written: between cells stands a bar, and at the end of
// the row it becomes the end of a line unless the cells look like columns.
type table struct {
	tables []bool // the open tables: whether each says that it is one of data
	rows   []row
	bars   []int // where the bars of the open rows stand
}

// row is a row that is open.
type row struct {
	bars   int  // of table.bars, how many were there before it
	cells  int  // cells that began since the last word
	filled bool // it has words
	many   bool // a cell has several lines, a table or much text: no columns
	strict bool // the page says that it is a table of data
	start  int  // where the text of the last cell begins
}

// wide is how long a cell of a table of data may be, in octets, where nothing
// but its look speaks for one.
//
// Long cells are the columns of a newsletter, to be read one after the other.
const wide = 100

// open begins a row.
func (t *table) open() {
	strict := len(t.tables) > 0 && t.tables[len(t.tables)-1]
	t.rows = append(t.rows, row{bars: len(t.bars), strict: strict})
}

// top is the innermost row; nil outside of tables.
func (t *table) top() *row {
	if len(t.rows) == 0 {
		return nil
	}
	return &t.rows[len(t.rows)-1]
}

// cell begins a cell.
func (t *table) cell(heading bool) {
	if r := t.top(); r != nil {
		r.cells++
		if n := len(t.tables); heading && n > 0 {
			t.tables[n-1], r.strict = true, true
		}
	}
}

// due tells whether a new cell waits for its first word.
func (t *table) due() bool {
	r := t.top()
	return r != nil && r.cells > 0
}

// take gives the number of bars due at the end of the text, which is at.
//
// In a table of data empty cells count, or the columns of two rows would not
// match; in one for looks they are gaps, and several bars would be noise.
func (t *table) take(at int) int {
	r := t.top()
	n := r.cells
	switch {
	case !r.filled:
		n = 0 // nothing stands before the first cell
	case !r.strict:
		n = 1
		r.many = r.many || at-r.start > wide
	}
	r.cells, r.start = 0, at+n
	for i := range n {
		t.bars = append(t.bars, at+i)
	}
	return n
}

// label tells whether the next cell belongs to the one before it, whose last
// character is given, as in "From:" and a name.
//
// A name and its value stay in one line without a bar, because heads of quoted
// mails are often laid out as tables and are looked for as "From: name".
func (t *table) label(last rune) bool {
	r := t.top()
	if !r.filled || r.cells != 1 || last != ':' && last != '：' {
		return false
	}
	r.cells = 0
	return true
}

// newline notes that a cell has several lines.
func (t *table) newline() {
	if r := t.top(); r != nil && r.filled && !r.strict {
		r.many = true
	}
}

// content notes that the row has words.
func (t *table) content() {
	if r := t.top(); r != nil {
		r.filled, r.cells = true, 0
	}
}

// close ends a row: out is the text, whose bars it decides. Only now all cells
// were seen, and turning one octet into another moves no span.
func (t *table) close(out []byte) {
	r := t.top()
	if r.filled && len(out)-r.start > wide && !r.strict {
		r.many = true
	}
	if r.many {
		for _, i := range t.bars[r.bars:] {
			out[i] = '\n'
		}
	}
	columns := len(t.bars) > r.bars
	inner := *r
	t.bars = t.bars[:r.bars]
	t.rows = t.rows[:len(t.rows)-1]
	if outer := t.top(); outer != nil && inner.filled {
		// A table within a cell: the outer one arranges.
		outer.many = outer.many || inner.many || columns || outer.filled
		outer.filled, outer.cells = true, 0
	}
}
