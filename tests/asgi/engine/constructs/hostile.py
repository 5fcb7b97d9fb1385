"""Programs of several modules by a judge who had seen no table: what it found wrong, or refused for no true reason."""

REFUSED = frozenset({"attrs, no slots: a field with a default comes, and instances live"})

CASES = {
    "attrs, no slots: a field with a default comes, and instances live": """
        --- m
        import attrs
        @attrs.define(slots=False)
        class P:
            x: int = 0
            def area(self): return self.x
        live = [P(1)]
        +++ m
        import attrs
        @attrs.define(slots=False)
        class P:
            x: int = 0
            y: int = 7
            def area(self): return self.x * self.y
        live = [P(1)]
        === ask
        m.live[0].area()
        m.live == [m.P(1)]
    """,
}
