# wants: control-character 4:6 error
# wants: control-character 5:9 error
# wants: control-character 6:6 error
a = "[2K"
b = 1 #  llmspell: off control-character
c = ""
d = "\x1b\b\f	"
