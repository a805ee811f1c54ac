/** The id of the list of hits, for the search field that controls it. */
export const HITS = "search-hits";

export const hitId = (at: number) => `${HITS}-${at}`;
