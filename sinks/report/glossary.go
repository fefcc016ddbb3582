package report

func glossary(r *Report) map[string]Word { return nil }
