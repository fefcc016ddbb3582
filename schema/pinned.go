package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PinnedDuckDB is DuckDB of exactly the files that the manifests name, so that all tables are
// of the same publications. Where a file has been replaced since, a query fails and asks for
// a new print. DuckDB plans by the footers, then compares the write ids in them, then reads rows:
// no lock holds a file in between.
func PinnedDuckDB(lake string, manifests []*Manifest) string {
	return lakeFiles{lake: strings.TrimSuffix(lake, "/"), manifests: manifests}.views()
}

// VersionedDuckDB is PinnedDuckDB of versions of the files, of the manifests and of people's notes, each
// of which is read at its address. They stay when the files are replaced, so that nothing is compared.
func VersionedDuckDB(manifests []*Manifest, addresses map[string]string) string {
	return lakeFiles{manifests: manifests, addresses: addresses}.views()
}

// lakeFiles are the files that views read: all of a lake but for absent tables, or those of
// the manifests, if there are any.
type lakeFiles struct {
	lake      string
	absent    []string // optional tables without a file
	manifests []*Manifest
	addresses map[string]string // of versions, by key; nil: the files themselves
}

// file returns the literal of a file that a manifest names, or of the manifest.
func (f lakeFiles) file(key string) string {
	if f.addresses != nil {
		return quoteSQL(f.addresses[key])
	}
	return quoteSQL(f.lake + "/" + key)
}

// glob returns the literal of a pattern below a lake, whose own name is none: DuckDB would take a
// folder lake[1] for lake1.
func glob(lake, pattern string) string {
	return quoteSQL(strings.NewReplacer("[", "[[]", "*", "[*]", "?", "[?]").Replace(lake) + "/" + pattern)
}

const readParquet = "  FROM read_parquet(%s, union_by_name = true, hive_partitioning = true, hive_types = {'bill_date': DATE})\n"

// source returns the SQL that reads a table, or "" where it has no file.
func (f lakeFiles) source(t Description) string {
	switch {
	case f.manifests != nil:
		return f.pinnedSource(t.Name)
	case t.Optional && slices.Contains(f.absent, t.Name):
		return ""
	}
	return fmt.Sprintf(readParquet, glob(f.lake, t.Name+"/*/*.parquet"))
}

// manifestSource returns the SQL of the manifests: content.
func (f lakeFiles) manifestSource() string {
	if f.manifests != nil {
		return f.pinnedManifests()
	}
	return fmt.Sprintf("read_text(%s)", glob(f.lake, "_manifests/bill_date=*/*.json"))
}

// NoteFolders are the folders of people's notes, which views read, too.
func NoteFolders() []string { return []string{resolutionFiles.folder + "/", closingFiles.folder + "/"} }

// noteSource returns the SQL of people's notes: filename, content. An address has more than the
// file's name, such as a signature.
func (f lakeFiles) noteSource(notes jsonTable) string {
	if f.addresses == nil {
		return fmt.Sprintf("read_text(%s)", glob(f.lake, notes.folder+"/"+notes.files))
	}
	var files []string
	for _, key := range slices.Sorted(maps.Keys(f.addresses)) {
		if strings.HasPrefix(key, notes.folder+"/") {
			files = append(files, f.file(key))
		}
	}
	if len(files) == 0 {
		return "(SELECT NULL::VARCHAR AS filename, NULL::VARCHAR AS content WHERE false)"
	}
	return fmt.Sprintf("(SELECT split_part(filename, '?', 1) AS filename, content FROM read_text([%s]))", strings.Join(files, ", "))
}

// pinned returns the files of a table that the manifests name, and their write ids, which differ
// from the manifest's where only its withdrawals were published again.
func (f lakeFiles) pinned(table string) (files, ids []string) {
	for _, m := range f.manifests {
		if o := m.Object(table); o != nil {
			_, id := m.Stamp(o)
			files, ids = append(files, f.file(o.Key)), append(ids, quoteSQL(id))
		}
	}
	return files, ids
}

// replaced is what a query says of a pinned file that is another one by now.
const replaced = "the files of %s have been replaced since these views were printed: print them again (billwalk ddl duckdb --pinned)"

// pinnedSource returns the SQL that reads the pinned files of a table, or "" if there are none.
func (f lakeFiles) pinnedSource(table string) string {
	files, ids := f.pinned(table)
	if len(files) == 0 {
		return ""
	}
	list := "[\n    " + strings.Join(files, ",\n    ") + "\n  ]"
	if f.addresses != nil {
		return fmt.Sprintf(readParquet, list)
	}
	pairs := make([]string, len(files))
	for i := range files {
		pairs[i] = "(" + files[i] + ", " + ids[i] + ")"
	}
	return fmt.Sprintf(readParquet, list) + fmt.Sprintf("  WHERE (\n    SELECT CASE WHEN count(*) = %d THEN true ELSE error(%s) END\n"+
		"    FROM parquet_kv_metadata(%s) AS f\n    JOIN (VALUES\n    %s\n    ) AS p (file, write_id) ON p.file = f.file_name AND p.write_id = decode(f.value)\n"+
		"    WHERE decode(f.key) = 'billwalk.write_id'\n  )\n",
		len(files), quoteSQL(fmt.Sprintf(replaced, table)), list, strings.Join(pairs, ",\n    "))
}

// pinnedManifests returns the SQL of the manifests themselves: content, of those that have not
// been replaced.
func (f lakeFiles) pinnedManifests() string {
	var files, ids []string
	for _, m := range f.manifests {
		files, ids = append(files, f.file(m.Key())), append(ids, quoteSQL(m.WriteID))
	}
	if f.addresses != nil {
		return fmt.Sprintf("read_text([%s])", strings.Join(files, ", "))
	}
	return fmt.Sprintf("(FROM read_text([%s])\n  WHERE CASE WHEN content::JSON ->> '$.write_id' IN (%s) THEN true ELSE error(%s) END)",
		strings.Join(files, ", "), strings.Join(ids, ", "), quoteSQL(fmt.Sprintf(replaced, "_manifests")))
}
