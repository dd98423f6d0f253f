# names may come to be in ways that nobody sees here
import sys
setattr(sys.modules[__name__], "invented", 1)
print(invented)
