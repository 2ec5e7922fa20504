// Sphinx's search drops the numbers of a question; src/tutorial/book/search.py has indexed them.
document.addEventListener("DOMContentLoaded", () => {
  const parse = Search._parseQuery;
  Search._parseQuery = (query) => {
    const parsed = parse(query);
    const [, searchTerms, , highlightTerms] = parsed;
    for (const number of splitQuery(query).filter((word) => /^\d+$/.test(word))) {
      searchTerms.add(number);
      highlightTerms.add(number);
    }
    return parsed;
  };
});
