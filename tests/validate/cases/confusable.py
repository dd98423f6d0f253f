# wants: confusable-name 2:1 error
Tооl = 1
данные = naïve = 2
print("Тool in a text", данные, naïve)
