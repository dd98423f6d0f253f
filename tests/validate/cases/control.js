// wants: control-character 3:8 error
// wants: control-character 4:8 error
// nice print("evil")
// nice print("evil")
console.log("\u2028\x1b[0m");
