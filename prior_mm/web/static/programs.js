// The OpenAPI description as a page, without a library from elsewhere.
const token = sessionStorage.getItem('token');
const response = await fetch('/api/openapi.json', { headers: token ? { authorization: `Bearer ${token}` } : {} });
const described = await response.json(), place = document.getElementById('paths');
const name = schema => schema?.$ref ? schema.$ref.split('/').pop() : schema?.items ? `list of ${name(schema.items)}` : schema?.type || '';
const node = (tag, text) => { const made = document.createElement(tag); made.textContent = text; return made; };

for (const [path, methods] of Object.entries(described.paths)) for (const [method, one] of Object.entries(methods)) {
  const section = document.createElement('section');
  section.append(node('h2', `${method.toUpperCase()} ${path}`), node('p', one.description || one.summary || ''));
  const asked = one.requestBody?.content['application/json']?.schema, answer = one.responses['200']?.content?.['application/json']?.schema;
  if (asked) section.append(node('p', `Takes ${name(asked)}.`));
  if (answer) section.append(node('p', `Gives ${name(answer)}.`));
  place.append(section);
}
for (const [title, schema] of Object.entries(described.components.schemas)) {
  const section = document.createElement('section'), list = document.createElement('ul');
  section.append(node('h2', title), node('p', schema.description || ''));
  for (const [field, kind] of Object.entries(schema.properties || {})) list.append(node('li', `${field}: ${name(kind) || (kind.anyOf || []).map(name).join(' or ')}${(schema.required || []).includes(field) ? '' : ' (optional)'}`));
  section.append(list);
  place.append(section);
}
