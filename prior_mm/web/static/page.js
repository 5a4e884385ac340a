// The page: holds the file, asks the program, draws. Nothing is loaded from elsewhere, nothing is stored but the token.
const $ = id => document.getElementById(id);
const film = { data: null, columns: 0, rows: 0, pixels: null, map: null, peak: null, number: 0 };

// A token comes behind the # of the address, which no server sees, and is taken out of the address bar.
const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (given) { sessionStorage.setItem('token', given); history.replaceState(null, '', location.pathname); }
const token = sessionStorage.getItem('token');

async function ask(path, body) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  if (body) headers['content-type'] = 'application/json';
  const options = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
  let response;
  try { response = await fetch(path, options); } catch { throw new Error('The program does not answer: is it still running?'); }
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail || `error ${response.status}`);
  return response;
}

// Run what a button asks for: the button rests meanwhile, an error is shown and read out.
async function busy(button, task) {
  $('error').textContent = '';
  if (button) button.disabled = true;
  document.body.setAttribute('aria-busy', 'true');
  try { await task(); } catch (error) { $('error').textContent = error.message; }
  if (button) button.disabled = false;
  document.body.removeAttribute('aria-busy');
}

function decode(pixels) {
  const bytes = Uint8Array.from(atob(pixels.gray), one => one.charCodeAt(0));
  return { width: pixels.width, height: pixels.height, gray: new Uint16Array(bytes.buffer) };
}

function paint(canvas, pixels, color) {
  canvas.width = pixels.width; canvas.height = pixels.height;
  const context = canvas.getContext('2d'), image = context.createImageData(pixels.width, pixels.height);
  for (let i = 0; i < pixels.gray.length; i++) color(pixels.gray[i] / 65535, image.data, 4 * i);
  context.putImageData(image, 0, 0);
}

const plain = (share, data, at) => { data[at] = data[at + 1] = data[at + 2] = 255 * share; data[at + 3] = 255; };

function drawFilm() {
  const width = $('window').value / 100, low = $('level').value / 100 - width / 2;
  paint($('gray'), film.pixels, (share, data, at) => plain(Math.min(Math.max((share - low) / width, 0), 1), data, at));
}

// From clear blue to solid yellow: brighter is higher, for those who tell no red from green, too.
function drawHeat() {
  const canvas = $('heat'), opacity = $('opacity').value / 100;
  canvas.hidden = !film.map;
  if (!film.map) return;
  const small = document.createElement('canvas');
  paint(small, film.map, (share, data, at) => {
    data[at] = 255 * Math.min(1, 1.6 * share); data[at + 1] = 60 + 180 * share * share; data[at + 2] = 255 * (1 - share);
    data[at + 3] = 255 * opacity * share;
  });
  canvas.width = film.pixels.width; canvas.height = film.pixels.height;
  const context = canvas.getContext('2d');
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  const x = (film.peak[0] + .5) * canvas.width / film.columns, y = (film.peak[1] + .5) * canvas.height / film.rows;
  const r = Math.max(canvas.width, canvas.height) / 40;
  for (const [color, width] of [['#000', r / 3], ['#fff', r / 6]]) {
    context.strokeStyle = color; context.lineWidth = width;
    context.beginPath(); context.arc(x, y, r, 0, 2 * Math.PI);
    for (const [a, b] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { context.moveTo(x + a * r, y + b * r); context.lineTo(x + 1.8 * a * r, y + 1.8 * b * r); }
    context.stroke();
  }
}

async function open(blob, name) {
  const buffer = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (let i = 0; i < buffer.length; i += 32768) text += String.fromCharCode(...buffer.subarray(i, i + 32768));
  const data = btoa(text);
  const answer = await (await ask('/api/image', { image: data })).json();
  Object.assign(film, { data, columns: answer.columns, rows: answer.rows, pixels: decode(answer.pixels), map: null, peak: null });
  film.number++;
  for (const id of ['peak']) $(id).textContent = '';
  for (const id of ['bars', 'made', 'left']) $(id).hidden = true;
  for (const id of ['matches', 'lines']) $(id).replaceChildren();
  $('window').value = 100; $('level').value = 50;
  $('gray').setAttribute('aria-label', `The radiograph ${name}, ${film.columns} by ${film.rows} pixels`);
  const verdict = $('verdict'), { unlike, distance, threshold } = answer.judged;
  verdict.className = unlike ? 'unlike' : '';
  verdict.textContent = unlike === null ? '' : unlike
    ? `This does not look like what the model was trained on (${distance.toFixed(2)}, at most ${threshold.toFixed(2)}): what it says of it means nothing.`
    : `Looks like what the model was trained on (${distance.toFixed(2)} of ${threshold.toFixed(2)}).`;
  $('view').hidden = false;
  drawFilm(); drawHeat();
}

function needFilm() { if (!film.data) throw new Error('Choose a radiograph first.'); return film.data; }

function item(text, ...more) {
  const li = document.createElement('li');
  li.append(text, ...more);
  return li;
}

function made(name, text) { const node = document.createElement(name); node.textContent = text; return node; }

function onSubmit(id, task) {
  $(id).addEventListener('submit', event => { event.preventDefault(); busy(event.submitter, task); });
}

$('file').addEventListener('change', event => { const [file] = event.target.files; if (file) busy(null, () => open(file, file.name)); });
for (const kind of ['dragenter', 'dragover']) $('drop').addEventListener(kind, event => { event.preventDefault(); $('drop').classList.add('over'); });
for (const kind of ['dragleave', 'drop']) $('drop').addEventListener(kind, event => { event.preventDefault(); $('drop').classList.remove('over'); });
$('drop').addEventListener('drop', event => { const [file] = event.dataTransfer.files; if (file) busy(null, () => open(file, file.name)); });
for (const id of ['window', 'level']) $(id).addEventListener('input', drawFilm);
$('opacity').addEventListener('input', drawHeat);

onSubmit('look', async () => {
  const image = needFilm(), number = film.number;
  const answer = await (await ask('/api/heatmap', { image, sentence: $('sentence').value, kind: $('kind').value })).json();
  if (number !== film.number) return;
  film.map = decode(answer.pixels); film.peak = [answer.peak_column, answer.peak_row];
  $('peak').textContent = `Peak at column ${answer.peak_column}, row ${answer.peak_row}; map from ${answer.lowest.toFixed(3)} to ${answer.highest.toFixed(3)}. A map has a peak whether the finding is there or not.`;
  drawHeat();
});

onSubmit('score', async () => {
  const image = needFilm(), classes = {};
  for (const line of $('classes').value.split('\n').filter(one => one.trim())) {
    const cut = line.indexOf('='), name = (cut < 0 ? line : line.slice(0, cut)).trim();
    classes[name] = (cut < 0 ? line : line.slice(cut + 1)).split(';').map(one => one.trim()).filter(Boolean);
  }
  if (Object.keys(classes).length < 2) throw new Error('Give at least two findings: they are scored against each other.');
  const answer = await (await ask('/api/score', { image, classes })).json();
  const highest = Math.max(...answer.map(one => one.score));
  $('bars').tBodies[0].replaceChildren(...answer.map(one => {
    const row = document.createElement('tr'), head = made('th', one.name), cell = document.createElement('td'), bar = document.createElement('div');
    head.scope = 'row'; bar.className = 'bar'; bar.style.width = `${100 * Math.max(one.score, 0) / (highest || 1)}%`;
    cell.append(bar); row.append(head, cell, made('td', one.score.toFixed(3)));
    return row;
  }));
  $('bars').hidden = false;
});

async function similar(query) {
  const answer = await (await ask('/api/similar', { ...query, k: 5 })).json();
  $('matches').replaceChildren(...answer.map(match => {
    const canvas = document.createElement('canvas');
    canvas.setAttribute('role', 'img'); canvas.setAttribute('aria-label', `Radiograph of study ${match.study}`); canvas.hidden = true;
    ask(`/api/archive/${match.place}`).then(response => response.json()).then(pixels => { paint(canvas, decode(pixels), plain); canvas.hidden = false; }, () => {});
    return item(made('strong', match.study), ` cosine ${match.cosine.toFixed(3)}`, canvas, made('div', match.sentences.join(' ')));
  }));
}
$('similar').addEventListener('click', event => busy(event.target, () => similar({ image: needFilm() })));
$('similar-text').addEventListener('click', event => busy(event.target, () => {
  if (!$('sentence').value.trim()) throw new Error('Type a sentence first.');
  return similar({ text: $('sentence').value });
}));

$('draft').addEventListener('click', event => busy(event.target, async () => {
  const answer = await (await ask('/api/draft', { image: needFilm() })).json();
  $('lines').replaceChildren(...answer.sentences.map(line => {
    const details = document.createElement('details'), list = document.createElement('ul');
    list.append(...line.nearest.map(near => item(`${near.text} (${near.similarity.toFixed(2)}, in ${near.studies} reports)`)));
    details.append(made('summary', `prototype ${line.prototype}, similarity ${line.similarity.toFixed(2)}`), list);
    return item(line.text, details);
  }));
  if (!answer.sentences.length) $('lines').replaceChildren(item('No sentence was predicted.'));
  $('left').querySelector('ul').replaceChildren(...answer.dropped.map(text => item(text)));
  $('left').hidden = !answer.dropped.length;
}));

onSubmit('reconstruct', async () => {
  const report = $('report').value.split('\n').map(one => one.trim()).filter(Boolean);
  const answer = await (await ask('/api/reconstruct', { image: needFilm(), report })).json();
  paint($('seen'), decode(answer.seen), plain); paint($('decoded'), decode(answer.made), plain);
  $('apart').textContent = `decoded; ${(100 * answer.error).toFixed(1)} % of white apart on average`;
  $('made').hidden = false;
});

busy(null, async () => {
  const about = await (await ask('/api/about')).json();
  $('model').textContent = `${about.method}, ${about.model} (${about.sha256.slice(0, 8)})` + (about.archive ? `, ${about.archive} studies` : '');
  $('synthetic').hidden = !about.synthetic;
  for (const part of about.can) $(`part-${part}`).hidden = false;
  $('examples').hidden = !about.examples.length;
  about.examples.forEach((name, number) => {
    const button = made('button', name);
    button.type = 'button';
    button.addEventListener('click', () => busy(button, async () => open(await (await ask(`/api/examples/${number}`)).blob(), name)));
    $('examples').append(button);
  });
  document.body.dataset.ready = 'yes';
});
