# wants: unknown-name 15:16 error
# wants: unknown-name 21:14 error
# wants: unknown-name 22:49 error
class Shape:
    sides = 4
    doubled = sides * 2
    names = [side for side in range(sides)]
    class Corner:
        angle = 90
    def __init__(self, sides=sides):
        self.sides = sides
    def corner(self):
        return __class__.Corner, self.area()
    def area(self):
        return Corner.angle, area_of(self)
    by_name = {"area": area}
def area_of(shape):
    def inner() -> int: return shape
    return inner
class Inner:
    missing: Unknown = 1
    def method(self, given: int, *rest: str) -> AlsoUnknown:
        local: NeverEvaluated = 1
        return local
