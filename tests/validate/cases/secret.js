// wants: secret 2:22 error
const c = { secret: "q9X2mVr7Kd4LzP1wBn8Y" }; console.log(c);
