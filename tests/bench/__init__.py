"""What the design budgets, measured. A module with a `measure` is an item; its docstring says what is measured and how."""
