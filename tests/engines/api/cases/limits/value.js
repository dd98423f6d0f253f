export default Array(262145).fill(0);
