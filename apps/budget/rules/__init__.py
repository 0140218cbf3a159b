"""Pure rules of the budget: enums, state tables, formulas, sentences and checks. No query, no clock, no request."""
