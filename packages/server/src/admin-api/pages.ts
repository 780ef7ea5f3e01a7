/** The contract's default and bound of a page. */
const PAGE = 50;

export function pageLimit(query: { readonly limit?: `${number}` }): number {
  return query.limit === undefined ? PAGE : Number(query.limit);
}
