// One element of the page, with its attributes and what is in it.

export function element(tag, attributes = {}, children = [], made = document.createElement(tag)) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
