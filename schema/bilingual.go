package schema

// Bilingual is a text for people in both languages.
type Bilingual struct {
	English string `json:"en"`
	Chinese string `json:"zh"`
}
