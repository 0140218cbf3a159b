"""Model workers (劳模): honours, treatment, allowance runs, medical exams, relief, biennial review."""
