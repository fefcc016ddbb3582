package schema

// Bilingual is a text for people in both languages.
type Bilingual struct{ English, Chinese string }
