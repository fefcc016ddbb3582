package report

import "context"

// fillDrills finds the stores of the orders, and the bills and settlements of the first.
func (l *loader) fillDrills(ctx context.Context, list []Order) error {
	return nil
}
