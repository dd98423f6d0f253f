# names may come to be in ways that nobody sees here
from string import *
print(ascii_letters, digits)
