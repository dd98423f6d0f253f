// wants: confusable-name 3:7 error
// wants: confusable-name 4:7 error
const Tоol = 1;
const dаtaб = 2;
const данные = 3, naïve = 4, α = 5;
console.log(Tоol, dаtaб, данные, naïve, α);
