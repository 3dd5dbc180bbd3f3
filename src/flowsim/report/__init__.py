"""What people read: the offline page, the workbook, and what the terminal shows."""
