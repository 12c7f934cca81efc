"""Who is on call: schedules as values, and pure functions of them and an instant."""
