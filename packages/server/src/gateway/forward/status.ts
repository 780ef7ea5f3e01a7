/** RFC 9110 §15: three digits from 100 to 599; all others are invalid. */
export const isStatus = (status: number): boolean => status >= 100 && status <= 599;
