"""Positions, sizes and colors."""

Size = tuple[int, int]
Point = tuple[float, float]  # 0 to 1, from the left and from the top


def pixels(at: Point, size: Size) -> Point:
    return at[0] * size[0], at[1] * size[1]


def channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def mixed(first: str, second: str, part: float) -> str:
    both = zip(channels(first), channels(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in both)
