export const part = 1, other = 2;
export default 3;
