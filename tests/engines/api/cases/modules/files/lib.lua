local words = require("words")
print("loaded")
return {greet = function(name) return words.hello .. ", " .. name end}
