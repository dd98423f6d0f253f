-- title: base64 of what is none: padding inside, line ends, huge, bytes, other alphabets
-- threat: T-TOOL-3
-- verdict: ok
-- options: --allow-tool base64-encoder
for _, input in ipairs{("A"):rep(1 << 20), ("="):rep(1000), "A===", "QUFB\nQUFB", "QU=B", "\xff", "\u{ff21}", "-_-_", ("\0"):rep(1000), "A", ""} do
  for _, variant in ipairs{"standard", "url-safe", "x", 1} do
    local fine, problem = pcall(Tool.execute, "base64-encoder", {operation = "decode", input = input, variant = variant})
    if not fine and problem.kind == "internal" then error(problem) end
    pcall(Tool.execute, "base64-encoder", {operation = "encode", input = input, binary_input = true})
  end
end
