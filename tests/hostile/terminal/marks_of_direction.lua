-- title: characters that turn the direction, join lines, or have no width
-- threat: T-TERM-1
-- verdict: ok
-- passes: command terminal
print("access granted\u{202e}denied\u{2066}\u{2069}\u{200b}\u{2028}\u{2029}\u{feff}\u{e0041}\u{ad}\r hidden")
