"""Pages of campaigns: the overview, the list, writing one, looking at its mail, its results, and what moves it."""
