"""Lists of model workers, on screen and going out as spreadsheets."""
