"""The page in a browser without a head: a film is chosen, a sentence typed, and the heat map is on the screen."""
import shutil
import socket
import threading
import time

import numpy as np
import pytest
import uvicorn
from dicom_files import radiograph

from prior_mm.web import create_app

webdriver = pytest.importorskip('selenium.webdriver', reason='selenium drives the browser')
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

CHROMIUM, DRIVER = shutil.which('chromium'), shutil.which('chromedriver')
pytestmark = [pytest.mark.slow, pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason='needs chromium and chromedriver (apt install chromium chromium-driver)')]


@pytest.fixture(scope='module')
def address(home, model):
    """The page on a free port of this machine."""
    root = home / 'data'
    examples = [(study, root / model.archive.images[place]) for place, study in enumerate(model.archive.studies[:3])]
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(model, examples, root), port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(.05)
    yield f'http://127.0.0.1:{port}/'
    server.should_exit = True
    thread.join()


@pytest.fixture
def browser(address):
    """A browser at the page, once it has heard of the model."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                     '--window-size=1280,900'):
        options.add_argument(argument)
    options.set_capability('goog:loggingPrefs', dict(browser='ALL'))
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(180)
    driver.set_script_timeout(180)
    driver.get(address)
    until(driver, "document.body.dataset.ready == 'yes'")
    yield driver
    driver.quit()


def until(driver, condition: str) -> None:
    WebDriverWait(driver, 180).until(lambda one: one.execute_script(f'return {condition}'), condition)


def film(driver, path) -> None:
    driver.find_element(By.ID, 'file').send_keys(str(path))
    until(driver, "!document.getElementById('view').hidden || document.getElementById('error').textContent")


def look(driver, sentence: str) -> None:
    field = driver.find_element(By.ID, 'sentence')
    field.clear()
    field.send_keys(sentence)
    driver.find_element(By.CSS_SELECTOR, '#look button').click()
    until(driver, "document.getElementById('peak').textContent || document.getElementById('error').textContent")


def colours(driver) -> np.ndarray:
    """How many pixels of the heat map are painted, and how many colours they have."""
    return driver.execute_script("""
        const heat = document.getElementById('heat'), shown = heat.getContext('2d');
        const data = shown.getImageData(0, 0, heat.width, heat.height).data;
        const seen = new Set(); let painted = 0;
        for (let i = 0; i < data.length; i += 4) if (data[i + 3]) { painted++; seen.add(data[i] >> 4); }
        return [painted, seen.size];""")


def complaints(driver) -> list:
    return [line['message'] for line in driver.get_log('browser') if line['level'] == 'SEVERE']


def test_film_sentence_and_heat_map(browser, home, model):
    """The map of the model is on the screen, with its peak in words; scores, studies and a draft follow."""
    path = next((home / 'data/files').glob('test_*'))
    film(browser, path)
    look(browser, 'heart large')
    column, row = model.heatmap(path, 'heart large').peak
    assert f'column {column}, row {row};' in browser.find_element(By.ID, 'peak').text
    painted, found = colours(browser)
    assert painted > 500 and found > 4
    browser.execute_script("""
        const slider = document.getElementById('opacity');
        slider.value = 0; slider.dispatchEvent(new Event('input'));""")
    assert colours(browser)[0] < painted / 2  # nothing but the mark of the peak is left
    browser.find_element(By.CSS_SELECTOR, '#score button').click()
    until(browser, "!document.getElementById('bars').hidden")
    assert len(browser.find_elements(By.CSS_SELECTOR, '#bars tbody tr')) == 4
    browser.find_element(By.ID, 'similar').click()
    until(browser, "document.querySelectorAll('#matches canvas:not([hidden])').length == 5")
    browser.find_element(By.ID, 'draft').click()
    until(browser, "document.querySelectorAll('#lines > li').length")
    browser.find_element(By.CSS_SELECTOR, '#reconstruct button').click()
    until(browser, "!document.getElementById('made').hidden")
    assert browser.find_element(By.ID, 'error').text == '' and not complaints(browser)


def test_dicom_and_an_error_that_is_seen(browser, tmp_path):
    """A DICOM film is shown; a file that is none says so on the page, and the film stays."""
    pixels = np.random.default_rng(0).integers(0, 4096, (40, 40), dtype=np.uint16)
    radiograph(tmp_path / 'film.dcm', Rows=40, Columns=40, PixelData=pixels.tobytes())
    film(browser, tmp_path / 'film.dcm')
    assert browser.find_element(By.ID, 'gray').is_displayed()
    (tmp_path / 'letter.png').write_bytes(b'no film')
    browser.find_element(By.ID, 'file').send_keys(str(tmp_path / 'letter.png'))
    until(browser, "document.getElementById('error').textContent")
    error = browser.find_element(By.ID, 'error')
    assert error.is_displayed() and error.get_attribute('role') == 'alert' and 'DOCTYPE' not in error.text
    assert browser.find_element(By.ID, 'gray').is_displayed()


def test_example_by_keyboard_at_a_phones_width(browser):
    """An example is reached and opened by keys alone; nothing is wider than the screen."""
    browser.set_window_size(390, 844)
    for _ in range(12):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        active = browser.switch_to.active_element
        if active.tag_name == 'button':
            break
    assert active.find_element(By.XPATH, '..').get_attribute('id') == 'examples'
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    until(browser, "!document.getElementById('view').hidden")
    assert browser.execute_script('return document.documentElement.scrollWidth <= window.innerWidth')
    unnamed = browser.execute_script("""
        return [...document.querySelectorAll('input, select, textarea')].filter(one => !one.labels.length).length""")
    assert unnamed == 0
