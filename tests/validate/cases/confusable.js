// wants: confusable-name 4:7 error
// wants: confusable-name 5:7 error
// wants: confusable-name 7:37 error
const Tоol = 1;
const dаtaб = 2;
const данные = 3, naïve = 4, α = 5;
const Δx = 6, λ_max = 7, sumΣω = 8, αx = 9;
console.log(Tоol, dаtaб, данные, naïve, α, Δx, λ_max);
