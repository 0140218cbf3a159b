"""Forms of the budget: what people type, cleaned into values. Limits are the services' business."""
