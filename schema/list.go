package schema

// EndList adds a row whose list has the items that were added to Items since the row before.
func (v *Vector) EndList() {
	v.Lists = append(v.Lists, int32(v.Items[0].Rows))
	v.present()
}

// gatherLists adds the lists of rows of another vector of the same column.
func (v *Vector) gatherLists(from *Vector, rows []int32) {
	var items []int32
	end := v.Lists[v.Rows]
	for _, row := range rows {
		for item := from.Lists[row]; item < from.Lists[row+1]; item++ {
			items = append(items, item)
		}
		end += from.Lists[row+1] - from.Lists[row]
		v.Lists = append(v.Lists, end)
	}
	for i := range v.Items {
		v.Items[i].gather(&from.Items[i], items)
	}
}

// appendLists adds all lists of another vector of the same column.
func (v *Vector) appendLists(from *Vector) {
	shift := v.Lists[v.Rows]
	for _, end := range from.Lists[1:] {
		v.Lists = append(v.Lists, shift+end)
	}
	for i := range v.Items {
		v.Items[i].appendAll(&from.Items[i])
	}
}
