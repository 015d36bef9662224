"""Parts of pages, drawn in one place. What comes from outside (names, reasons) is drawn as plain text, never as markdown or HTML."""
