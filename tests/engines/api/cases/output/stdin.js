[await stdin.readLine(), await stdin.readLine()];
